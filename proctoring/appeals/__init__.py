"""The candidate's objection: lodged, answered, closed."""
