import { createRequire } from "node:module";
import { promisify } from "node:util";
import * as zlib from "node:zlib";
import kafkajs from "kafkajs";

interface Encoder {
  buffer: Buffer;
}
interface Codec {
  compress(encoder: Encoder): Promise<Buffer>;
  decompress(buffer: Buffer): Promise<Buffer>;
}

/** gzip at level 1: messages pack somewhat worse than at the client's level 6, in a third of the time. */
const gzip: Codec = {
  compress: ({ buffer }) => promisify(zlib.gzip)(buffer, { level: 1 }),
  decompress: (buffer) => promisify(zlib.gunzip)(buffer),
};

/** useCodecs gives the client the compressions that it does not bring; the packages are loaded when the first message asks for them. */
export function useCodecs(): void {
  const { CompressionTypes, CompressionCodecs } = kafkajs;
  CompressionCodecs[CompressionTypes.GZIP] = () => gzip;
  CompressionCodecs[CompressionTypes.ZSTD] = once(zstd);
  CompressionCodecs[CompressionTypes.Snappy] = once(snappy);
  CompressionCodecs[CompressionTypes.LZ4] = once(lz4);
}

const once = (make: () => Codec): (() => Codec) => {
  let codec: Codec | null = null;
  return () => {
    codec ??= make();
    return codec;
  };
};

function zstd(): Codec {
  if (!("zstdCompress" in zlib))
    throw new Error(
      "zstd needs Node 22.15 or newer; run keywatch with a newer Node, or set another kafka.compression.",
    );
  const params = { [zlib.constants.ZSTD_c_compressionLevel]: 1 };
  return {
    compress: ({ buffer }) => promisify(zlib.zstdCompress)(buffer, { params }),
    decompress: (buffer) => promisify(zlib.zstdDecompress)(buffer),
  };
}

function snappy(): Codec {
  const { compress, uncompress } = load("snappy") as typeof import("snappy");
  const plain = async (bytes: Buffer): Promise<Buffer> => (await uncompress(bytes, { asBuffer: true })) as Buffer;
  return {
    compress: ({ buffer }) => compress(buffer),
    async decompress(buffer) {
      if (!isXerial(buffer)) return plain(buffer);
      const blocks: Buffer[] = [];
      for (let at = XERIAL_HEADER; at < buffer.length; ) {
        const length = buffer.readInt32BE(at);
        blocks.push(await plain(buffer.subarray(at + 4, at + 4 + length)));
        at += 4 + length;
      }
      return Buffer.concat(blocks);
    },
  };
}

/** Java's clients write snappy as a stream: eight bytes of magic, two versions, then blocks, each with its length before it. */
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEADER = 16;
const isXerial = (buffer: Buffer): boolean => buffer.subarray(0, 8).equals(XERIAL_MAGIC);

function lz4(): Codec {
  const { compressFrame, decompressFrame } = load("lz4-napi") as typeof import("lz4-napi");
  return { compress: ({ buffer }) => compressFrame(buffer), decompress: (buffer) => decompressFrame(buffer) };
}

const require = createRequire(import.meta.url);

/** The packages are optional: they bring a binary for each platform. */
function load(name: string): unknown {
  try {
    return require(name);
  } catch (cause) {
    throw new Error(
      `This compression needs the package ${name}, which is not installed for this platform: npm install ${name}`,
      { cause },
    );
  }
}
