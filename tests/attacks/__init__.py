"""`make attacks`: strangers and insiders against the real service, counted, beside streams that record.

frame      an attack, its outcome, and the services that attacks of one area share
streams    three recording streams beside an attack: what was sent, compared with what was stored
table      docs/security/attacks.md, a section for each area
__main__   runs areas and writes the table

An area is any other module here: `TITLE`, and `ATTACKS`, a sequence of `frame.Attack`.
"""
