package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"strings"

	"filippo.io/torchwood"
	"github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/formats/witness"
	"golang.org/x/mod/sumdb/note"
)

// openCheckpoint has formats/log open a checkpoint, and torchwood read its text a second time.
func openCheckpoint(j job) (verdict, error) {
	keys, err := verifiers(append([]string{j.VKey}, j.Witnesses...))
	if err != nil {
		return nil, err
	}
	first, _, opened, err := log.ParseCheckpoint(j.Note, j.Origin, keys[0], keys[1:]...)
	if err != nil {
		return nil, err
	}
	second, err := torchwood.ParseCheckpoint(opened.Text)
	if err != nil {
		return nil, err
	}
	if first.Origin != second.Origin || first.Size != uint64(second.N) || !bytes.Equal(first.Hash, second.Hash[:]) {
		return nil, errors.New("two libraries read two checkpoints")
	}
	times := map[string]int64{}
	for _, signature := range opened.Sigs {
		if at, err := fnote.CoSigV1Timestamp(signature); err == nil {
			times[signature.Name] = at.Unix()
		}
	}
	return verdict{
		"origin": second.Origin, "size": second.N, "root": second.Hash[:], "extensions": second.Extension,
		"verified": signedBy(opened.Sigs), "times": times,
	}, nil
}

// cosign adds the line of a witness, made by the library that Name names.
func cosign(j job) (verdict, error) {
	signer, err := cosigner(j.SKey, j.Name)
	if err != nil {
		return nil, err
	}
	return signUnverified(j.Note, []note.Signer{signer})
}

func cosigner(skey, library string) (note.Signer, error) {
	if library == "formats" {
		return fnote.NewSignerForCosignatureV1(skey)
	}
	parts := strings.SplitN(skey, "+", 5)
	if len(parts) != 5 {
		return nil, errors.New("malformed key")
	}
	seed, err := base64.StdEncoding.DecodeString(parts[4])
	if err != nil || len(seed) != 1+ed25519.SeedSize {
		return nil, errors.New("malformed key")
	}
	return torchwood.NewCosignatureSigner(parts[2], ed25519.NewKeyFromSeed(seed[1:]))
}

func judgePolicy(j job) (verdict, error) {
	policy, err := witness.ParsePolicy(j.Policy)
	if err != nil {
		return nil, err
	}
	satisfied := []bool{}
	for _, raw := range j.Notes {
		satisfied = append(satisfied, policy.Satisfied(raw))
	}
	return verdict{"satisfied": satisfied, "witnesses": len(policy.Endpoints())}, nil
}
