package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func installs(t *trial) error {
	if err := t.dpkg(t.older); err != nil {
		return err
	}
	if err := t.active("0"); err != nil {
		return err
	}
	if err := t.says("0 live"); err != nil {
		return err
	}
	// The user namespace of the sandbox does not take the groups that GPUs' devices have.
	const device = "/root/device"
	if _, err := t.run("sh", "-c", "chmod 755 /root && echo yes >"+device+" && chown root:render "+device+" && chmod 640 "+device); err != nil {
		return err
	}
	group, err := t.run("systemd-run", "--quiet", "--wait", "--pipe", "-p", "PrivateUsers=yes", "-p", "User=ladderd", "-p", "SupplementaryGroups=video render", "cat", device)
	if err := errors.Join(err, want(group == "yes", "a device of the group render: %q", group)); err != nil {
		return err
	}
	owner, err := t.run("stat", "-c", "%U:%G %a", configFile, "/var/lib/ladderd")
	if err != nil {
		return err
	}
	code, body := t.get("/readyz")
	user, _ := t.run("stat", "-c", "%U", "/proc/"+t.mainPID())
	return errors.Join(
		want(owner == "root:ladderd 640\nladderd:ladderd 750", "owners and modes are %q", owner),
		want(code == 200, "/readyz: %d %s", code, body),
		want(t.property(unit, "Type") == "notify" && t.property(unit, "NotifyAccess") == "main", "the unit is of another type"),
		want(user == "ladderd", "it runs as %q", user),
		want(t.property(unit, "NRestarts") == "0", "it was restarted"),
	)
}

// dpkg installs a package in the machine.
func (t *trial) dpkg(deb string) error {
	text, err := os.ReadFile(deb)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(t.root, "root", "ladderd.deb"), text, 0o644); err != nil {
		return err
	}
	_, err = t.run("env", "DEBIAN_FRONTEND=noninteractive", "dpkg", "--install", "/root/ladderd.deb")
	return err
}

func upgrades(t *trial) error {
	before := t.mainPID()
	if err := t.write("/var/lib/ladderd/kept", "yes"); err != nil {
		return err
	}
	if err := t.dpkg(t.newer); err != nil {
		return err
	}
	if err := t.active(before); err != nil {
		return err
	}
	version, err := t.run("dpkg-query", "--show", "--showformat", "${Version} ${db:Status-Status}", "ladderd")
	owner, stat := t.run("stat", "-c", "%U:%G %a", configFile)
	code, _ := t.get("/readyz")
	return errors.Join(err, stat,
		want(version == "1.0.1 installed", "dpkg says %q", version),
		want(t.file(configFile) == configuration, "the configuration has changed"),
		want(owner == "root:ladderd 640", "the configuration is %s", owner),
		want(t.has("/var/lib/ladderd/kept"), "state is lost"),
		want(code == 200, "/readyz: %d", code))
}

func removes(t *trial) error {
	pid := t.mainPID()
	if _, err := t.run("dpkg", "--remove", "ladderd"); err != nil {
		return err
	}
	_, running := t.run("test", "-d", "/proc/"+pid)
	if err := errors.Join(
		want(running != nil, "it runs"), want(!t.has("/usr/bin/ladderd"), "its program is there"),
		want(t.has(configFile) && t.has("/var/lib/ladderd/kept"), "configuration or state are gone"),
	); err != nil {
		return err
	}
	if err := t.comesBack(); err != nil {
		return err
	}
	if _, err := t.run("dpkg", "--purge", "ladderd"); err != nil {
		return err
	}
	left, err := t.run("find", "/etc", "/var", "/usr", "/lib", "/run", "-xdev", "-iname", "*ladderd*", "-not", "-path", "/run/log/*")
	names := slices.DeleteFunc(strings.Fields(left), func(path string) bool { return strings.HasPrefix(path, "/var/log/") })
	_, user := t.run("getent", "passwd", "ladderd")
	_, group := t.run("getent", "group", "ladderd")
	failed, _ := t.run("systemctl", "--failed", "--no-legend", "--plain")
	return errors.Join(err, want(len(names) == 0, "left: %v", names), want(user != nil && group != nil, "user or group are left"),
		want(!strings.Contains(failed, "ladderd"), "systemd knows %q", failed))
}

// comesBack installs the package once more: what its removal has masked can be enabled again.
func (t *trial) comesBack() error {
	if err := t.dpkg(t.newer); err != nil {
		return err
	}
	const socket = "ladderd-metrics.socket"
	_, err := t.run("systemctl", "enable", socket)
	return errors.Join(err, want(t.property(socket, "UnitFileState") == "enabled", "%s is %s", socket, t.property(socket, "UnitFileState")))
}
