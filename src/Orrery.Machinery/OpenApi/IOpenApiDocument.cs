namespace Orrery.Machinery.OpenApi;

/// <summary>One OpenAPI v3 document, as the index at <c>/openapi/v3</c> lists it. Immutable.</summary>
public interface IOpenApiDocument
{
    /// <summary>Under <c>/openapi/v3/</c>: <c>api/v1</c>, <c>apis/apps</c>, <c>version</c>.</summary>
    string Path { get; }

    /// <summary>UTF-8 JSON.</summary>
    ReadOnlyMemory<byte> Document { get; }

    /// <summary>Changes when the document does: SHA-512, upper-case hexadecimal.</summary>
    string Hash { get; }
}
