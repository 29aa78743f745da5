"""Rights: roles, actions, relations; sign-in links and logins."""
