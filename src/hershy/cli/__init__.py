"""The ``hershy`` command. Its pieces are no API: programs use ``hershy.client`` or ``hershy`` itself."""
