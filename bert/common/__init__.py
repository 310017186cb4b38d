"""What every floor uses: errors, files, flags, console, processes."""
