/** Three layers that get thinner. */
export function Logo({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" role="img" aria-label="Secateur" style={{ display: 'block' }}>
      <rect width="32" height="32" rx="8" fill="#0b7a75" />
      <g fill="#fff">
        <rect x="6" y="8" width="4.5" height="16" rx="2.25" />
        <rect x="13.75" y="11" width="4.5" height="10" rx="2.25" opacity="0.85" />
        <rect x="21.5" y="13.5" width="4.5" height="5" rx="2.25" opacity="0.7" />
      </g>
    </svg>
  )
}
