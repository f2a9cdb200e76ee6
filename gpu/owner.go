package gpu

import (
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// owner is the group that a file belongs to, "render" where that cannot be told.
func owner(path string) string {
	const usual = "render"
	info, err := os.Stat(path)
	if err != nil {
		return usual
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || stat.Gid == 0 {
		return usual // root's: a node of a container, or no udev
	}
	group, err := user.LookupGroupId(strconv.Itoa(int(stat.Gid)))
	if err != nil {
		return "number " + strconv.Itoa(int(stat.Gid))
	}
	return group.Name
}
