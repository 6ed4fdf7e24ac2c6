"""Programs and their journal in a SQL database: a SQLite file by default, PostgreSQL by URL."""
