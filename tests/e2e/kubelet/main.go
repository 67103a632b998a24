// Reads pods' pull Secrets and images, as JSON, and writes for each image what kubelet would log in
// to its registry with: by kubelet's own packages, of the API server's version.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	v1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/credentialprovider"
	"k8s.io/kubernetes/pkg/credentialprovider/secrets"
	"k8s.io/kubernetes/pkg/util/parsers"
)

type pod struct {
	Secrets []v1.Secret `json:"secrets"`
	Images  []string    `json:"images"`
}

type login struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

type pull struct {
	// Why kubelet would pull no such image at all.
	Invalid string  `json:"invalid,omitempty"`
	Logins  []login `json:"logins"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var pods []pod
	if err := json.NewDecoder(os.Stdin).Decode(&pods); err != nil {
		return err
	}
	answers := make([][]pull, 0, len(pods))
	for _, each := range pods {
		node := &credentialprovider.BasicDockerKeyring{}
		keyring, err := secrets.MakeDockerKeyring(each.Secrets, node)
		if err != nil {
			return err
		}
		pulls := make([]pull, 0, len(each.Images))
		for _, image := range each.Images {
			pulls = append(pulls, pullOf(keyring, image))
		}
		answers = append(answers, pulls)
	}
	return json.NewEncoder(os.Stdout).Encode(answers)
}

// As EnsureImageExists of kubelet's pkg/kubelet/images does it.
func pullOf(keyring credentialprovider.DockerKeyring, image string) pull {
	repository, _, _, err := parsers.ParseImageName(image)
	if err != nil {
		return pull{Invalid: err.Error(), Logins: []login{}}
	}
	found, _ := keyring.Lookup(repository)
	logins := make([]login, 0, len(found))
	for _, each := range found {
		logins = append(logins, login{Username: each.Username, Password: each.Password})
	}
	return pull{Logins: logins}
}
