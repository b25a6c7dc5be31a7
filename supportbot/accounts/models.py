"""No tables of its own. The module makes Django tell the app when a database was migrated."""
