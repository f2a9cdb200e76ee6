package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"ladderd/config"
	"ladderd/store"
	"ladderd/store/sqlite"
)

type backupCommand struct {
	Config string `type:"path" help:"The configuration file, for its [store] and data_dir; without one the defaults."`
	To     string `arg:"" type:"path" help:"The file to write. One that is there is replaced. It has the secrets of the store in it."`
}

func (c *backupCommand) Run() error {
	ctx, stop := untilSignal()
	defer stop()
	cfg, err := (&serveCommand{Config: c.Config}).load()
	if err != nil {
		return err
	}
	if err := notTheStore(c.To, cfg); err != nil {
		return err
	}
	page, err := readStore(ctx, cfg)
	if err != nil {
		return err
	}
	archive := archiveOf(page)
	if err := writeBackup(c.To, archive); err != nil {
		return err
	}
	fmt.Printf("%s: %d entries, as of revision %d\n", c.To, len(archive.Entries), archive.Revision)
	return nil
}

func archiveOf(page store.Page) store.Archive {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return store.NewArchive(page, described(info), time.Now())
}

// readStore is all that the store has, at one revision. A daemon may run with it.
func readStore(ctx context.Context, cfg *config.Config) (store.Page, error) {
	if len(cfg.Store.Etcd) == 0 {
		return sqlite.Read(ctx, storePath(cfg))
	}
	s, err := openStore(ctx, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return store.Page{}, err
	}
	page, err := s.List(ctx, "", "", 0)
	return page, errors.Join(err, s.Close())
}

// notTheStore wants a backup to replace no store: a slip of the hand would, at once and for good.
func notTheStore(path string, cfg *config.Config) error {
	to, err := os.Stat(path)
	if err != nil {
		return nil // no file, or one that cannot be written either
	}
	if its, err := os.Stat(storePath(cfg)); err == nil && os.SameFile(to, its) {
		return fmt.Errorf("write the backup: %s is the store; nothing was changed", path)
	}
	return nil
}

// writeBackup writes the file so that at any time there is the whole of it, or none, or the one
// that was there before. Only its owner may read it.
func writeBackup(path string, a store.Archive) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // of mode 0600
	if err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	err = a.Write(f)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		if gone := os.Remove(f.Name()); !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
		return fmt.Errorf("write the backup: %w", err)
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes durable which files are in it.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	if err := errors.Join(folder.Sync(), folder.Close()); err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	return nil
}
