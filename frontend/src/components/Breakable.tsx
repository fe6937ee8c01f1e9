import { Fragment } from 'react'

const PARTS = /(?<=[-_.,/])/

/** A name that may be broken after its hyphens, underscores, dots and commas. */
export function Breakable({ text }: { text: string }) {
  return text.split(PARTS).map((part, place) => (
    <Fragment key={place}>
      {part}
      <wbr />
    </Fragment>
  ))
}
