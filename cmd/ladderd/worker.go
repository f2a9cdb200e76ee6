package main

import (
	"ladderd/pipeline"
	"ladderd/pipeline/worker"
)

type workerCommand struct{}

// Run speaks to the daemon over the socket that it was started with, and to
// nobody else.
func (*workerCommand) Run() error {
	conn, err := pipeline.ChildConn()
	if err != nil {
		return err
	}
	if code := worker.Run(conn); code != pipeline.ExitDone {
		return exitCode(code)
	}
	return nil
}
