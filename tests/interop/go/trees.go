package main

import (
	"fmt"

	"github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/formats/proof"
	mproof "github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/tlog"
)

// beyond is where x/mod stops to answer: the power of two that it looks for is none of its integers.
const beyond = 1 << 62

// checkInclusion says what transparency-dev/merkle and x/mod each think of a proof; an empty string accepts it.
func checkInclusion(j job) (verdict, error) {
	found := verdict{}
	found["merkle"] = text(mproof.VerifyInclusion(rfc6962.DefaultHasher, j.Index, j.Size, j.Leaf, j.Proof, j.Root))
	if j.Size <= beyond {
		err := tlog.CheckRecord(hashes(j.Proof), int64(j.Size), hash(j.Root), int64(j.Index), hash(j.Leaf))
		found["tlog"] = text(err)
	}
	return found, nil
}

// checkConsistency says the same of a proof that the tree of Size began with the First leaves of another.
func checkConsistency(j job) (verdict, error) {
	found := verdict{}
	err := mproof.VerifyConsistency(rfc6962.DefaultHasher, j.First, j.Size, j.Proof, j.FirstRoot, j.Root)
	found["merkle"] = text(err)
	if j.Size <= beyond {
		err := tlog.CheckTree(hashes(j.Proof), int64(j.Size), hash(j.Root), int64(j.First), hash(j.FirstRoot))
		found["tlog"] = text(err)
	}
	return found, nil
}

// prove makes the tree of Leaves by x/mod, and every proof in it: of each leaf, and from each smaller size.
func prove(j job) (verdict, error) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(indexes))
		for at, index := range indexes {
			found[at] = stored[index]
		}
		return found, nil
	})
	for n, leaf := range j.Leaves {
		made, err := tlog.StoredHashes(int64(n), leaf, reader)
		if err != nil {
			return nil, err
		}
		stored = append(stored, made...)
	}
	size := int64(len(j.Leaves))
	root, err := tlog.TreeHash(size, reader)
	if err != nil {
		return nil, err
	}
	inclusion, consistency := [][][]byte{}, [][][]byte{}
	for n := range size {
		record, err := tlog.ProveRecord(size, n, reader)
		if err != nil {
			return nil, err
		}
		tree, err := tlog.ProveTree(size, n+1, reader)
		if err != nil {
			return nil, err
		}
		inclusion, consistency = append(inclusion, raw(record)), append(consistency, raw(tree))
	}
	return verdict{"root": root[:], "inclusion": inclusion, "consistency": consistency}, nil
}

// readTlogProof verifies a proof file by formats/proof, formats/log and merkle; Leaf is the data of the leaf.
func readTlogProof(j job) (verdict, error) {
	var read proof.TLogProof
	if err := read.Unmarshal(j.Raw); err != nil {
		return nil, err
	}
	key, err := fnote.NewVerifier(j.VKey)
	if err != nil {
		return nil, err
	}
	checkpoint, _, _, err := log.ParseCheckpoint(read.Checkpoint, j.Origin, key)
	if err != nil {
		return nil, err
	}
	path := make([][]byte, len(read.Hashes))
	for at := range read.Hashes {
		path[at] = read.Hashes[at][:]
	}
	leaf := rfc6962.DefaultHasher.HashLeaf(j.Leaf)
	err = mproof.VerifyInclusion(rfc6962.DefaultHasher, read.Index, checkpoint.Size, leaf, path, checkpoint.Hash)
	return verdict{"index": read.Index, "size": checkpoint.Size, "extra": read.ExtraData, "raw": read.Marshal()}, err
}

func writeTlogProof(j job) (verdict, error) {
	written := proof.TLogProof{Index: j.Index, Checkpoint: j.Note, ExtraData: j.Extra}
	for _, item := range j.Proof {
		written.Hashes = append(written.Hashes, hash(item))
	}
	return verdict{"raw": written.Marshal()}, nil
}

func hash(data []byte) tlog.Hash {
	if len(data) != tlog.HashSize {
		panic(fmt.Sprintf("a hash of %d bytes", len(data)))
	}
	return tlog.Hash(data)
}

func hashes(items [][]byte) []tlog.Hash {
	found := make([]tlog.Hash, len(items))
	for at, item := range items {
		found[at] = hash(item)
	}
	return found
}

func raw(items []tlog.Hash) [][]byte {
	found := make([][]byte, len(items))
	for at := range items {
		found[at] = items[at][:]
	}
	return found
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
