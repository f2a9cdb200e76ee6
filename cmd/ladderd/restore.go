package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"ladderd/config"
	"ladderd/store"
	"ladderd/store/sqlite"
)

type restoreCommand struct {
	Config string `type:"path" help:"The configuration file, for its [store] and data_dir; without one the defaults."`
	Force  bool   `help:"Replace what the store has, or a store that is damaged."`
	From   string `arg:"" type:"existingfile" help:"A file that ladderd backup has written, of any store."`
}

func (c *restoreCommand) Run() error {
	ctx, stop := untilSignal()
	defer stop()
	cfg, err := (&serveCommand{Config: c.Config}).load()
	if err != nil {
		return err
	}
	archive, err := readBackup(c.From)
	if err != nil {
		return err
	}
	done, err := c.restore(ctx, cfg, archive)
	if errors.Is(err, store.ErrNotEmpty) {
		return fmt.Errorf("%w; nothing was changed; --force replaces it", err)
	}
	if errors.Is(err, sqlite.ErrInUse) {
		return fmt.Errorf("%w: stop the daemon first; nothing was changed", err)
	}
	if err != nil {
		return err
	}
	fmt.Printf("restored %d entries of %s, written by ladderd %s\n%s\n",
		len(archive.Entries), archive.Time.Format("2006-01-02 15:04:05 MST"), archive.Ladderd, done)
	return nil
}

// readBackup has read all of the file, and found it good, before anything is touched.
func readBackup(path string) (store.Archive, error) {
	f, err := os.Open(path)
	if err != nil {
		return store.Archive{}, fmt.Errorf("read the backup: %w", err)
	}
	defer f.Close()
	archive, err := store.ReadArchive(f)
	if err != nil {
		return archive, fmt.Errorf("%s: %w; nothing was changed", path, err)
	}
	return archive, nil
}

// restore says where to, and what was there.
func (c *restoreCommand) restore(ctx context.Context, cfg *config.Config, a store.Archive) (string, error) {
	if len(cfg.Store.Etcd) == 0 {
		path := storePath(cfg)
		r, err := sqlite.Replace(ctx, path, a, c.Force)
		if err != nil || r.Kept == "" {
			return "into " + path, err
		}
		return fmt.Sprintf("into %s; what was there is kept as %s: remove it when it is not needed any more", path, r.Kept), nil
	}
	s, err := openStore(ctx, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return "", err
	}
	kept, err := c.keep(ctx, s)
	if err != nil {
		return "", errors.Join(err, s.Close())
	}
	n, err := store.Restore(ctx, s, a, c.Force)
	if err = errors.Join(err, s.Close()); err != nil && !errors.Is(err, store.ErrNotEmpty) {
		err = fmt.Errorf("%w; the store may have a part of the backup now: do it again with --force", err)
	}
	return fmt.Sprintf("into etcd at %s, below %q, where %d entries were%s", strings.Join(cfg.Store.Etcd, ", "), cfg.Store.EtcdPrefix, n, kept), err
}

// keep writes what a store has that is about to be replaced into a backup of its own, and says
// where that is. A restore into etcd takes several steps, of which any may fail.
func (c *restoreCommand) keep(ctx context.Context, s store.Store) (string, error) {
	if !c.Force {
		return "", nil
	}
	page, err := s.List(ctx, "", "", 0)
	if err != nil || len(page.Entries) == 0 {
		return "", err
	}
	path := fmt.Sprintf("%s.replaced-%s", c.From, time.Now().UTC().Format("20060102T150405Z"))
	if err := writeBackup(path, archiveOf(page)); err != nil {
		return "", fmt.Errorf("keep what the store has: %w; nothing was changed", err)
	}
	return fmt.Sprintf("; they are kept in %s: remove it when it is not needed any more", path), nil
}
