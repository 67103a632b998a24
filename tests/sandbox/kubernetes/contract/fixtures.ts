/** Custom kinds of the contract, which every server under test must have. */

/** Namespaced, with a status, defaults, every kind of list, rules and columns. */
export const WIDGETS = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: widgets.contract.example
spec:
  group: contract.example
  scope: Namespaced
  names: {kind: Widget, plural: widgets, singular: widget, shortNames: [wd], categories: [toys]}
  versions:
    - name: v1
      served: true
      storage: true
      subresources: {status: {}}
      additionalPrinterColumns:
        - {name: Size, type: string, jsonPath: .spec.size}
        - {name: Count, type: integer, jsonPath: .spec.count}
        - {name: Sealed, type: boolean, jsonPath: .spec.sealed}
        - {name: Ready, type: string, jsonPath: '.status.conditions[?(@.type=="Ready")].status'}
        - {name: Since, type: date, jsonPath: .status.since, priority: 1}
        - {name: Tags, type: string, jsonPath: .spec.tags}
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              required: [size]
              properties:
                size: {type: string, enum: [small, large]}
                colour: {type: string, default: red, minLength: 1, maxLength: 8, pattern: '^[a-z]*$'}
                count: {type: integer, format: int32, minimum: 1, maximum: 9}
                sealed: {type: boolean}
                host:
                  type: string
                  x-kubernetes-validations:
                    - rule: "isURL('https://' + self) && url('https://' + self).getHostname() == self"
                      message: host must be a host name
                tags: {type: array, maxItems: 3, items: {type: string}, x-kubernetes-list-type: set}
                labels: {type: object, additionalProperties: {type: string}}
                extra: {type: object, x-kubernetes-preserve-unknown-fields: true}
                choice:
                  type: object
                  x-kubernetes-validations:
                    - rule: "[has(self.a), has(self.b)].exists_one(x, x)"
                      message: exactly one of a and b must be set
                  properties: {a: {type: string}, b: {type: string}}
                fixed:
                  type: string
                  x-kubernetes-validations:
                    - rule: self == oldSelf
                      message: fixed must not change
                ports:
                  type: array
                  x-kubernetes-list-type: map
                  x-kubernetes-list-map-keys: [name]
                  items:
                    type: object
                    required: [name]
                    properties:
                      name: {type: string}
                      port: {type: integer, default: 80}
            status:
              type: object
              properties:
                since: {type: string, format: date-time}
                observedGeneration: {type: integer, format: int64}
                conditions:
                  type: array
                  x-kubernetes-list-type: map
                  x-kubernetes-list-map-keys: [type]
                  items:
                    type: object
                    required: [type, status]
                    properties:
                      type: {type: string}
                      status: {type: string, enum: ["True", "False", Unknown]}
`;

/** Cluster-scoped, without status and columns. */
export const GADGETS = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: gadgets.contract.example
spec:
  group: contract.example
  scope: Cluster
  names: {kind: Gadget, plural: gadgets, singular: gadget}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: {type: object, properties: {size: {type: string}}}
            status: {type: object, properties: {seen: {type: string}}}
`;

/** Namespaced, with a status that has a default. */
export const GAUGES = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: gauges.contract.example
spec:
  group: contract.example
  scope: Namespaced
  names: {kind: Gauge, plural: gauges, singular: gauge}
  versions:
    - name: v1
      served: true
      storage: true
      subresources: {status: {}}
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: {type: object, properties: {size: {type: string}}}
            status:
              type: object
              default: {observedGeneration: -1}
              properties:
                observedGeneration: {type: integer, format: int64}
                seen: {type: string}
`;
