"""What every floor uses: errors, files, flags, the console, libraries, processes."""
