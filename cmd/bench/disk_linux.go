package main

import "golang.org/x/sys/unix"

// inMemory reports whether a folder is on a file system that no disk is behind.
func inMemory(dir string) bool {
	var st unix.Statfs_t
	return unix.Statfs(dir, &st) == nil && (st.Type == unix.TMPFS_MAGIC || st.Type == unix.RAMFS_MAGIC)
}
