"""The test account: its objects, its events and the deliveries of those, in one SQLite file."""
