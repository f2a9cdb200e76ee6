package sqlite

import (
	"context"
	"database/sql"
	"fmt"
)

// applicationID says in the file's header (PRAGMA application_id) that it is ladderd's: "ladd".
const applicationID = 0x6c616464

// steps make of version n of the schema, which is how many of them a file has behind it, the
// version n+1. Files of all of them are out there: a step that has been released never changes.
var steps = []string{
	// 1: entries. The counter has one row, whose revision is that of the last change.
	`PRAGMA application_id = 0x6c616464;
	CREATE TABLE entries (
		key      BLOB NOT NULL PRIMARY KEY,
		value    BLOB NOT NULL,
		revision INTEGER NOT NULL
	);
	CREATE TABLE counter (revision INTEGER NOT NULL);
	INSERT INTO counter VALUES (0);`,
	// 2: leases, and which entries go with one. Times are in ns.
	`CREATE TABLE leases (
		id   INTEGER NOT NULL PRIMARY KEY,
		ttl  INTEGER NOT NULL,
		ends INTEGER NOT NULL -- since 1970
	);
	ALTER TABLE entries ADD COLUMN lease INTEGER NOT NULL DEFAULT 0;
	CREATE INDEX leased ON entries (lease) WHERE lease <> 0;`,
}

// migrate brings a file of the version up to date, step by step: each is done whole, or not.
func migrate(ctx context.Context, conn *sql.Conn, version int) error {
	for ; version < len(steps); version++ {
		script := fmt.Sprintf("BEGIN IMMEDIATE; %s PRAGMA user_version = %d; COMMIT", steps[version], version+1)
		if _, err := conn.ExecContext(ctx, script); err != nil {
			conn.ExecContext(ctx, "ROLLBACK") // fails where SQLite has done so itself
			return fmt.Errorf("bring the store from version %d to %d of its schema: %w", version, version+1, err)
		}
	}
	return nil
}
