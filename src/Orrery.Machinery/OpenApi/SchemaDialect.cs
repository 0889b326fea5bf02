namespace Orrery.Machinery.OpenApi;

/// <summary>The two forms in which schemas are published.</summary>
internal enum SchemaDialect
{
    /// <summary>OpenAPI 3.0: references stand alone or in <c>allOf</c>; all of a custom schema is told.</summary>
    V3,

    /// <summary>Swagger 2.0: <c>definitions</c>; no <c>nullable</c>, no combinators, no defaults.</summary>
    V2,
}
