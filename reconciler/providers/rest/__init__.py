"""What runs a provider that is written as a table: see `table` for the table, `engine` for the loop that awaits."""
