//go:build !fuzz

package metrics

// Where inputs are made up (make fuzz) no file is opened: SQLite takes long to compile with what
// fuzzing wants to know of every line.
import _ "modernc.org/sqlite" // the driver "sqlite"
