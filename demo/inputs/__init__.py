"""What people bring: typed and uploaded sentences, files that become tasks, examples one click away."""
