export const METADATA_ADDRESS = "169.254.169.254";
const WITH_LENGTH = `${METADATA_ADDRESS}/32`;

/** Of the namespaces that runs make; what follows is the run's own. */
export const NAMESPACE_PREFIX = "azure-identity-guard-test-";
const LABEL_PREFIX = "lo:aig-";

/** Says whose the address is: the end of the run's namespace is in it. 15 characters are the most (IFNAMSIZ). */
export const addressLabel = (namespace: string): string =>
  LABEL_PREFIX + (namespace.split("-").at(-1) ?? "").slice(0, 8);

/** Takes away the address of one run, and of no other: the kernel compares the label. */
export const removalOf = (label: string): string => `ip addr del ${WITH_LENGTH} dev lo label ${label}`;

/**
 * Holds the address on the node until SIGTERM, or ends with 1 and the reason: it is not ours, or something answers there
 * that is not to be hidden (a node of a cloud need not say that it is one). What SIGKILL left of the same run is taken over.
 *
 * Needs default signals, which the first process of a PID namespace does not have: SIGTERM before the traps are set has to
 * end the shell, not to pass unheard. After them it waits for the command under way, whose work is then undone.
 */
export function holdAddress(label: string, shadowMetadata: boolean): string {
  const asked = `timeout 5 wget -S -O /dev/null http://${METADATA_ADDRESS}/ 2>&1 | grep -q HTTP/`;
  const refuseService = `if ${asked}; then refuse 'This node has a metadata service, which --shadow-metadata would hide'; fi`;
  return `
trap '${removalOf(label)} 2>/dev/null' EXIT
trap 'exit 0' TERM
refuse() { echo "$1"; exit 1; }
refuse_others() {
  found=$(ip addr show | grep -F 'inet ${METADATA_ADDRESS}' | grep -v -F '${label}')
  run=\${found##*${LABEL_PREFIX}}
  case "$found" in
    '') ;;
    *${LABEL_PREFIX}*) refuse "This node has ${METADATA_ADDRESS} from the run of namespace ${NAMESPACE_PREFIX}$run. \
If there is no such namespace any more, remove it on the node: ${removalOf(`${LABEL_PREFIX}$run`)}" ;;
    *) refuse 'This node has ${METADATA_ADDRESS} already, and not from this test' ;;
  esac
}
refuse_others
if ! ${hasAddress(label)}; then
  ${shadowMetadata ? ":" : refuseService}
  ip addr add ${WITH_LENGTH} dev lo label ${label} || { refuse_others; exit 1; }
fi
while :; do sleep 3600 & wait; done
`;
}

/** Succeeds once the address is there. */
export const hasAddress = (label: string): string => `ip addr show | grep -q -F '${label}'`;
