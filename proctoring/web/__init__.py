"""Parts that both edges with pages share: problems, security headers, templates, translations, the look."""
