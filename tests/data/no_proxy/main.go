// Reads cases, [[NO_PROXY, [URL, ...]], ...], as JSON, and writes for each URL whether
// golang.org/x/net/http/httpproxy would have it called without a proxy.
package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"

	"golang.org/x/net/http/httpproxy"
)

const proxy = "http://proxy.example:3128"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var cases []struct {
		NoProxy string   `json:"noProxy"`
		URLs    []string `json:"urls"`
	}
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		return err
	}
	answers := make([][]bool, 0, len(cases))
	for _, each := range cases {
		config := httpproxy.Config{HTTPProxy: proxy, HTTPSProxy: proxy, NoProxy: each.NoProxy}
		proxyFor := config.ProxyFunc()
		direct := make([]bool, 0, len(each.URLs))
		for _, text := range each.URLs {
			parsed, err := url.Parse(text)
			if err != nil {
				return err
			}
			by, err := proxyFor(parsed)
			if err != nil {
				return err
			}
			direct = append(direct, by == nil)
		}
		answers = append(answers, direct)
	}
	return json.NewEncoder(os.Stdout).Encode(answers)
}
