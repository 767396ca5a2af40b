// Declarations of browser features that the library of this TypeScript version lacks.
interface Array<T> {
  findLast(predicate: (value: T, index: number) => boolean): T | undefined;
  findLastIndex(predicate: (value: T, index: number) => boolean): number;
  toSorted(compare?: (a: T, b: T) => number): T[];
}
interface CanvasRenderingContext2D {
  roundRect(x: number, y: number, width: number, height: number, radii?: number): void;
}
interface HTMLElement {
  showPopover(): void;
  hidePopover(): void;
  togglePopover(): void;
}
declare class DecompressionStream {
  constructor(format: string);
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}
declare class OffscreenCanvas {
  constructor(width: number, height: number);
  getContext(kind: string, options?: object): any;
  width: number;
  height: number;
  transferToImageBitmap(): ImageBitmap;
  convertToBlob(options?: object): Promise<Blob>;
}
