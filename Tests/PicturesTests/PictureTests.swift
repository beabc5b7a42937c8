import CPNG
import Foundation
import Pictures
import SequenceModels
import Testing

@Suite struct PictureTests {
  /// Reads a PNG file back, with libpng's own reader.
  private func decode(_ bytes: [UInt8]) throws -> Picture {
    var image = png_image()
    image.version = UInt32(PNG_IMAGE_VERSION)
    defer { png_image_free(&image) }
    try #require(png_image_begin_read_from_memory(&image, bytes, bytes.count) != 0)
    let channels = image.format & UInt32(PNG_FORMAT_FLAG_COLOR) == 0 ? 1 : 3
    var samples = [UInt8](repeating: 0, count: Int(image.width * image.height) * channels)
    try #require(png_image_finish_read(&image, nil, &samples, 0, nil) != 0)
    return Picture(
      width: Int(image.width), height: Int(image.height), channels: channels, samples: samples)
  }

  @Test(arguments: [1, 3]) func `what is written is read back`(channels: Int) throws {
    let picture = Picture(
      width: 5, height: 3, channels: channels,
      samples: (0..<15 * channels).map { UInt8(truncatingIfNeeded: $0 * 37) })
    let bytes = try picture.png()
    #expect(bytes.starts(with: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]))
    #expect(try decode(bytes) == picture)
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("picture-\(UUID().uuidString).png").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try picture.write(to: path)
    #expect(try Array(Data(contentsOf: URL(fileURLWithPath: path))) == bytes)
  }

  @Test func `a sheet has its pictures in rows`() {
    let pictures = PixelBatch([[0, 1], [2, 1], [1, 0]], height: 1, width: 2)
    let sheet = Picture(sheetOf: pictures, levels: 3, columns: 2, scale: 1, gap: 1)
    let w: UInt8 = 255
    #expect(
      sheet
        == Picture(
          width: 7, height: 5, channels: 1,
          samples: [w, w, w, w, w, w, w]
            + [w, 0, 128, w, 255, 128, w]
            + [w, w, w, w, w, w, w]
            + [w, 128, 0, w, w, w, w]
            + [w, w, w, w, w, w, w]))
    let colours = PixelBatch([[0, 1, 1, 0, 0, 0]], height: 1, width: 2, channels: 3)
    let large = Picture(sheetOf: colours, levels: 2, columns: 9, scale: 2, gap: 0)
    let row: [UInt8] = [0, 255, 0, 0, 255, 0, 255, 0, 0, 255, 0, 0]
    #expect(large == Picture(width: 4, height: 2, channels: 3, samples: row + row))
  }

  @Test func `samples that were taken away are not read`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var picture = Picture(
        width: 64, height: 64, channels: 1, samples: .init(repeating: 7, count: 4096))
      picture.samples.removeLast()
      _ = try picture.png()
    }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(message.contains("png: 4095 samples for 64 × 64 pixels with 1 channels"))
  }

  @Test func `a folder that is not there is named`() {
    let picture = Picture(width: 1, height: 1, channels: 1, samples: [7])
    let path = "/nowhere-\(UUID().uuidString)/picture.png"
    #expect { try picture.write(to: path) } throws: {
      "\($0)".hasPrefix("\(path): cannot be written: ")
    }
  }
}
