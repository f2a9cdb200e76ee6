package service

import (
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestMain is also the process that is given sockets: LISTEN_PID has to be its own, so that it
// sets that itself.
func TestMain(m *testing.M) {
	if os.Getenv("SOCKETS_OF_A_MANAGER") != "" {
		given()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// given says on standard output what there is of some names.
func given() {
	_ = os.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid()))
	s, err := OpenSockets()
	if err != nil {
		panic(err)
	}
	for _, name := range []string{"rtmp", "playback", "api"} {
		ln, err := s.Take(name)
		switch {
		case err != nil:
			println(name, err.Error())
		case ln != nil:
			println(name, ln.Addr().String())
		}
	}
	println("left", strings.Join(s.Left(), ","))
}

func TestSocketsAreTakenByName(t *testing.T) {
	names, files, want := []string{"rtmp", "api", "api", "metrics"}, []*os.File(nil), []string(nil)
	for _, name := range names {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		f, err := ln.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files = append(files, f)
		if name == "rtmp" {
			want = append(want, "rtmp "+ln.Addr().String())
		}
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SOCKETS_OF_A_MANAGER=1", "LISTEN_FDS=4", "LISTEN_FDNAMES="+strings.Join(names, ":"))
	cmd.ExtraFiles = files // from descriptor 3 on, as the manager's
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want = append(want, "api the service manager passed 2 sockets named api: a listener has one ListenStream=", "left api,metrics")
	if got := strings.Split(strings.TrimSpace(string(out)), "\n"); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
