"""The web side of Secateur: domain values, database, services and the HTTP API. Never imports torch."""
