"""What every `Store` promises, part by part; and what only the one on SQL does (`test_sql_*`)."""
