"""Revisions of the schema, as alembic finds them: one file each, never changed once released.

A new one names its predecessor in ``down_revision`` and has ``upgrade(op)``, which spells out every table and column
by itself, since ``_schema.py`` goes on to change. There is no way down: a backup is.
"""
