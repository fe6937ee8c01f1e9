/** A sentence from the server: what stands between backticks is a name, and looks like one. */
export function Sentence({ text }: { text: string }) {
  const parts = text.split(/`([^`]*)`/)
  return parts.map((part, index) => (index % 2 === 1 ? <code key={index} className="mono">{part}</code> : part))
}
