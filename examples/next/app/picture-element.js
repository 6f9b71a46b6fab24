"use client";
import "zippynet/element"; // on the server it does nothing

export function Picture({ src, alt }) {
  return <zippy-img src={src} alt={alt} width="64" height="64" />;
}
