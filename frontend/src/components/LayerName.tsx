import { Breakable } from './Breakable'

/** A layer's name, which may be long. */
export function LayerName({ name }: { name: string }) {
  return (
    <span className="mono">
      <Breakable text={name} />
    </span>
  )
}
