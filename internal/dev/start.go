package dev

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"urncast/producer/control"

	"urncast/producer"
	"urncast/registry"
)

// StartOnce starts a producer idle if it was never started. It does nothing if the user has
// deleted it.
func StartOnce(ctx context.Context, producers *control.Producers, name string) error {
	admin, err := producers.Find(ctx, name)
	if errors.Is(err, registry.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if s, err := admin.Status(ctx); err != nil || s.Started {
		return err
	}
	return startIdle(ctx, admin)
}

// startIdle starts the producer idle and waits until it runs, because transactions submitted
// before that would never be sent.
func startIdle(ctx context.Context, admin *control.Producer) error {
	if err := admin.Start(ctx, producer.StartIdle, registry.Actor{User: "dev"}); err != nil {
		return err
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		switch s, err := admin.Status(ctx); {
		case err != nil:
			return err
		case s.Started:
			return nil
		case time.Now().After(deadline) || ctx.Err() != nil:
			return fmt.Errorf("starting the producer: it is still %s: %s", s.State, s.Reason)
		}
	}
}

// DefaultData returns the folder for all data if none is named.
func DefaultData() (string, error) {
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "urncast-dev"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("looking for a home folder to keep data in (--data names another folder): %w", err)
	}
	return filepath.Join(home, ".local", "share", "urncast-dev"), nil
}
