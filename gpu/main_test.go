package gpu

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// The test binary runs itself as the helper that asks NVIDIA's driver.
const roleEnv = "LADDERD_GPU_TEST_ROLE"

const (
	twoCards   = `{"driver":"535.161.08","cards":2}`
	firstCard  = `{"index":0,"uuid":"GPU-1","name":"NVIDIA T4","pci":"0000:3b:00.0"}`
	secondCard = `{"index":1,"uuid":"GPU-2","name":"NVIDIA T4","pci":"0000:5e:00.0"}`
)

var roles = map[string]func(from string){
	"two cards":        func(string) { fmt.Println(twoCards + "\n" + firstCard + "\n" + secondCard) },
	"no cards":         func(string) { fmt.Println(`{"driver":"535.161.08","cards":0}`) },
	"no library":       func(string) { fmt.Println(`{"cards":0,"failure":"library not found"}`) },
	"not loaded":       func(string) { fmt.Println(`{"cards":0,"failure":"driver not loaded"}`) },
	"lost":             func(string) { fmt.Println(`{"driver":"535","cards":1}` + "\n" + `{"index":0,"failure":"gpu is lost"}`) },
	"hangs":            func(string) { <-time.After(time.Hour) },
	"missing a symbol": func(string) { fmt.Fprintln(os.Stderr, "undefined symbol: nvmlInit"); os.Exit(127) },
	"rubbish":          func(string) { fmt.Println("hello") },
	"first card hangs": func(from string) {
		fmt.Println(twoCards)
		if from == "0" {
			<-time.After(time.Hour)
		}
		fmt.Println(secondCard)
	},
	"second card crashes": func(string) {
		fmt.Println(twoCards + "\n" + firstCard)
		os.Exit(139)
	},
}

func TestMain(m *testing.M) {
	if role := os.Getenv(roleEnv); role != "" {
		roles[role](os.Args[1])
		return
	}
	goleak.VerifyTestMain(m)
}

func playing(role string) func(from int) *exec.Cmd {
	return func(from int) *exec.Cmd {
		cmd := exec.Command(os.Args[0], fmt.Sprint(from))
		cmd.Env = append(os.Environ(), roleEnv+"="+role)
		return cmd
	}
}
