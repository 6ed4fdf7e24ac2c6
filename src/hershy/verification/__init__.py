"""What ``hershy verify`` does: deploys a hostile program on a Host, and judges what comes of everything it tries."""
