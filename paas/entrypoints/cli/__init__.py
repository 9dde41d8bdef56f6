"""The command line: `bin/paas`. A module a subject, imported when one of its commands is called."""
