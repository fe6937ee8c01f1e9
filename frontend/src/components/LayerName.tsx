import { Fragment } from 'react'

/** A layer's name, which may be long: it breaks after its dots. */
export function LayerName({ name }: { name: string }) {
  return (
    <span className="mono">
      {name.split(/(?<=\.)/).map((part, index) => (
        <Fragment key={index}>
          {part}
          <wbr />
        </Fragment>
      ))}
    </span>
  )
}
