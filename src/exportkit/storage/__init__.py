"""Files on the local machine: reading strictly beneath a folder, staging, locking and atomic publication."""
