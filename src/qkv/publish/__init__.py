"""From notebooks to the site: run, export, check, build, serve."""
