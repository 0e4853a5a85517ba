"""The console's server: the five verbs over HTTP, for people with names and roles; wiring over the rooms, no more."""
