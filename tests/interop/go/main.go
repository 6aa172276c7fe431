// Command interop lets the libraries of the transparency ecosystem judge what the ledger makes.
//
//	interop check                      one JSON job a line on stdin, one JSON verdict a line on stdout
//	interop witness SKEY…              omniwitness on loopback, for the logs that stdin names
//	interop tessera DIR SKEY POLICY    the base64 lines of stdin into Tessera's log in DIR; its checkpoint on stdout
package main

import (
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "interop:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 1 && args[0] == "check":
		return check(os.Stdin, os.Stdout)
	case len(args) >= 2 && args[0] == "witness":
		return serveWitness(args[1:])
	case len(args) == 4 && args[0] == "tessera":
		return growTessera(args[1], args[2], args[3])
	}
	return fmt.Errorf("unknown arguments %q", args)
}
