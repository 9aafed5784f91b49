"""What every capability stands on: database, clock, calendar, problems, blobs, timers, leases, logs, search."""
