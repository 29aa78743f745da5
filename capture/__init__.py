"""The edge where recordings are born: candidate's pages, WHIP ingest, segments. May only seal."""
