package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"filippo.io/torchwood"
	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/api/layout"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// readTiles has Tessera check a whole log, and torchwood read it: from Folder, or from URL.
func readTiles(j job) (verdict, error) {
	ctx := context.Background()
	key, err := fnote.NewVerifier(j.VKey)
	if err != nil {
		return nil, err
	}
	fetcher, reader, err := readers(j)
	if err != nil {
		return nil, err
	}
	if err := fsck.New(j.Origin, key, fetcher, leafHashes, fsck.Opts{N: 2}).Check(ctx); err != nil {
		return nil, fmt.Errorf("tessera: %w", err)
	}
	raw, err := reader.ReadEndpoint(ctx, "checkpoint")
	if err != nil {
		return nil, err
	}
	opened, err := note.Open(raw, note.VerifierList(key))
	if err != nil {
		return nil, err
	}
	checkpoint, err := torchwood.ParseCheckpoint(opened.Text)
	if err != nil {
		return nil, err
	}
	entries, err := readEntries(ctx, reader, checkpoint.Tree)
	if err != nil {
		return nil, fmt.Errorf("torchwood: %w", err)
	}
	return verdict{"size": checkpoint.N, "root": checkpoint.Hash[:], "entries": entries}, nil
}

func readers(j job) (fsck.Fetcher, torchwood.TileReader, error) {
	if j.Folder != "" {
		return client.FileFetcher{Root: j.Folder}, folderReader(j.Folder), nil
	}
	address, err := url.Parse(j.URL + "/")
	if err != nil {
		return nil, nil, err
	}
	fetcher, err := client.NewHTTPFetcher(address, http.DefaultClient)
	if err != nil {
		return nil, nil, err
	}
	reader, err := torchwood.NewTileFetcher(j.URL)
	return fetcher, reader, err
}

func leafHashes(bundle []byte) ([][]byte, error) {
	var entries api.EntryBundle
	if err := entries.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	found := [][]byte{}
	for _, entry := range entries.Entries {
		found = append(found, rfc6962.DefaultHasher.HashLeaf(entry))
	}
	return found, nil
}

// readEntries reads what torchwood streams, and one by one, each with its proof, the rest that it leaves for later.
func readEntries(ctx context.Context, reader torchwood.TileReader, tree tlog.Tree) ([][]byte, error) {
	torch, err := torchwood.NewClient(reader)
	if err != nil {
		return nil, err
	}
	entries := [][]byte{}
	for index, entry := range torch.Entries(ctx, tree, 0) {
		if index != int64(len(entries)) {
			return nil, errors.New("an entry out of order")
		}
		entries = append(entries, bytes.Clone(entry))
	}
	if err := torch.Err(); err != nil {
		return nil, err
	}
	for index := int64(len(entries)); index < tree.N; index++ {
		entry, proof, err := torch.Entry(ctx, tree, index)
		if err != nil {
			return nil, err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry)); err != nil {
			return nil, err
		}
		entries = append(entries, bytes.Clone(entry))
	}
	return entries, nil
}

// A folderReader gives torchwood the files of a folder.
type folderReader string

func (f folderReader) ReadTiles(_ context.Context, tiles []tlog.Tile) ([][]byte, error) {
	found := [][]byte{}
	for _, tile := range tiles {
		data, err := os.ReadFile(filepath.Join(string(f), torchwood.TilePath(tile)))
		if err != nil {
			return nil, err
		}
		found = append(found, data)
	}
	return found, nil
}

func (f folderReader) SaveTiles([]tlog.Tile, [][]byte) {}

func (f folderReader) ReadEndpoint(_ context.Context, path string) ([]byte, error) {
	return os.ReadFile(filepath.Join(string(f), path))
}

// readTilePath says how torchwood reads a path, and how it and Tessera write the same tile.
func readTilePath(j job) (verdict, error) {
	tile, err := torchwood.ParseTilePath(j.Path)
	if err != nil {
		return nil, err
	}
	partial := uint8(tile.W) // 256, a full tile, becomes Tessera's 0
	again := layout.TilePath(uint64(max(tile.L, 0)), uint64(tile.N), partial)
	if tile.L < 0 {
		again = layout.EntriesPath(uint64(tile.N), partial)
	}
	return verdict{
		"level": tile.L, "number": tile.N, "width": tile.W, "torchwood": torchwood.TilePath(tile), "tessera": again,
	}, nil
}
