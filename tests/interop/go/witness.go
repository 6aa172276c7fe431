package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	fnote "github.com/transparency-dev/formats/note"
	client "github.com/transparency-dev/witness/client/http"
	"github.com/transparency-dev/witness/config"
	"github.com/transparency-dev/witness/omniwitness"
	"github.com/transparency-dev/witness/persistence/inmemory"
)

// serveWitness runs omniwitness, which signs by each key, and tells its address on stdout. A line of stdin, a verifier
// key, a space and an origin, makes a log known, which is told too; the end of stdin ends it.
func serveWitness(skeys []string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	logs := inmemory.New()
	operator := omniwitness.OperatorConfig{Logs: logs}
	for _, skey := range skeys {
		signer, err := fnote.NewSignerForCosignatureV1(skey)
		if err != nil {
			return err
		}
		operator.WitnessKeys = append(operator.WitnessKeys, signer)
		operator.WitnessVerifier = signer.Verifier()
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", listener.Addr())
	go func() {
		defer cancel()
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			if err := addLog(ctx, logs, lines.Text()); err != nil {
				fmt.Println(err)
				return
			}
			fmt.Println("known")
		}
	}()
	if err := omniwitness.Main(ctx, operator, logs, listener, http.DefaultClient); ctx.Err() == nil {
		return err
	}
	return nil
}

func addLog(ctx context.Context, logs *inmemory.Persistence, line string) error {
	vkey, origin, _ := strings.Cut(line, " ")
	verifier, err := fnote.NewVerifier(vkey)
	if err != nil {
		return err
	}
	return logs.AddLogs(ctx, []config.Log{{VKey: vkey, Verifier: verifier, Origin: origin}})
}

// submit asks the witness at URL for a cosignature, by the client that omniwitness feeders use.
func submit(j job) (verdict, error) {
	address, err := url.Parse(j.URL)
	if err != nil {
		return nil, err
	}
	witness := client.NewWitness(address, http.DefaultClient)
	lines, size, err := witness.Update(context.Background(), j.First, j.Note, j.Proof)
	return verdict{"lines": lines, "size": size, "error": text(err)}, nil
}
