"""Who may do what: roles, actions, relations; sign-in links and logins."""
