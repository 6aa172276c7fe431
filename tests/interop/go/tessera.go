package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

const interval = 100 * time.Millisecond

// growTessera adds the base64 lines of stdin to Tessera's log in a folder, in order, and prints the checkpoint that
// covers them; with a policy only once its witnesses have cosigned.
func growTessera(folder, skey, policy string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	signer, err := note.NewSigner(skey)
	if err != nil {
		return err
	}
	driver, err := posix.New(ctx, posix.Config{Path: folder})
	if err != nil {
		return err
	}
	options := tessera.NewAppendOptions().
		WithCheckpointSigner(signer).
		WithCheckpointInterval(interval).
		WithBatching(256, interval)
	if policy != "" {
		group, err := tessera.NewWitnessGroupFromPolicy([]byte(policy))
		if err != nil {
			return err
		}
		options = options.WithWitnesses(group, nil)
	}
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, options)
	if err != nil {
		return err
	}
	added, err := addLines(ctx, appender)
	if err != nil {
		return err
	}
	awaiter := tessera.NewPublicationAwaiter(ctx, reader.ReadCheckpoint, interval)
	_, checkpoint, err := awaiter.Await(ctx, added)
	if err != nil {
		return err
	}
	if err := shutdown(ctx); err != nil {
		return err
	}
	_, err = os.Stdout.Write(checkpoint)
	return err
}

// addLines returns what is known of the last entry once all have their index.
func addLines(ctx context.Context, appender *tessera.Appender) (tessera.IndexFuture, error) {
	var futures []tessera.IndexFuture
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		entry, err := base64.StdEncoding.DecodeString(lines.Text())
		if err != nil {
			return nil, err
		}
		futures = append(futures, appender.Add(ctx, tessera.NewEntry(entry)))
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	for _, future := range futures {
		if _, err := future(); err != nil {
			return nil, err
		}
	}
	if len(futures) == 0 {
		return nil, fmt.Errorf("nothing to add")
	}
	return futures[len(futures)-1], nil
}
